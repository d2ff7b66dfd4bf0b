import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

interface SaveLinkProps {
  name: string;
  file: Blob;
  /** What a screen reader says where the text alone would not tell which file. */
  label?: string;
  children: ComponentChildren;
}

/** A link, looking like a button, that saves a file under its name. */
export function SaveLink({ name, file, label, children }: SaveLinkProps) {
  const [address, setAddress] = useState('');
  useEffect(() => {
    const created = URL.createObjectURL(file);
    setAddress(created);
    return () => URL.revokeObjectURL(created);
  }, [file]);
  return (
    <a class="button" href={address} download={name} aria-label={label}>
      {children}
    </a>
  );
}
