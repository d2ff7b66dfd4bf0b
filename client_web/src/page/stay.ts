/** That this tab is in a call, so that reloading it leads back there, as muted and unseen as before. */
export interface Stay {
  room: string;
  muted: boolean;
  /** Whether the camera was on. */
  camera: boolean;
}

const KEY = 'facewire.stay';

/** Keeps it until {@link forgetStay}, or until the tab is closed. */
export function rememberStay(stay: Stay): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(stay));
  } catch {
    // Without storage a reload leads to the preview.
  }
}

export function forgetStay(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There is nothing to forget then.
  }
}

/** The stay that reloading this page interrupted; `null` if there was none in `room`, or it was opened otherwise. */
export function rememberedStay(room: string): Stay | null {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (navigation?.type !== 'reload') return null;
  try {
    const stay = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Stay> | null;
    if (stay === null || stay.room !== room) return null;
    return { room, muted: stay.muted !== false, camera: stay.camera === true };
  } catch {
    return null;
  }
}
