/** Installs the service worker; without one (an insecure address, a private window) everything else works. */
export function registerServiceWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  window.addEventListener('load', () => {
    navigator.serviceWorker.register('/service-worker.js').catch((error: unknown) => console.debug(String(error)));
  });
}
