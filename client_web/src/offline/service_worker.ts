/**
 * Lets the page open where the network does not answer, and keeps what a call needs on the device. What the network
 * gives is always newer: the cache answers only for it, and for files whose name carries their content's hash.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;

const CACHE = 'facewire-1';
/** Of built files (vite.config.ts), as the server knows them too (server/pages.py). */
const HASHED_NAME = /^\/assets\/[^/]+-[\w-]{8}\.\w+$/;
/** What is kept besides: pages, runtimes, models and tables, and the shipped clip. */
const KEPT = /^\/(assets|models|tables)\/|^\/(demonstration\.fwr|manifest\.webmanifest)$/;

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== worker.location.origin) return;
  if (HASHED_NAME.test(pathname)) event.respondWith(fromCacheFirst(request));
  else if (request.mode === 'navigate') event.respondWith(fromNetworkFirst(request, new Request('/')));
  else if (KEPT.test(pathname)) event.respondWith(fromNetworkFirst(request, request));
});

async function fromCacheFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? keep(cache, request, await fetch(request));
}

/** `key` is what it is kept under: all pages are the same file. */
async function fromNetworkFirst(request: Request, key: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    return keep(cache, key, await fetch(request));
  } catch (error) {
    const kept = await cache.match(key);
    if (kept === undefined) throw error;
    return kept;
  }
}

function keep(cache: Cache, key: Request, response: Response): Response {
  // A full disk costs only the copy.
  if (response.ok && response.status !== 206) void cache.put(key, response.clone()).catch(() => {});
  return response;
}
