import { useLayoutEffect, useRef } from 'preact/hooks';

/** Puts an element that outlives the component into the page, alone in a `div`; `onMount` follows each move. */
export function Mounted({ node, onMount }: { node: HTMLElement; onMount?: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    place.current?.replaceChildren(node);
    onMount?.();
  }, [node]);
  return <div class="mounted" ref={place} />;
}
