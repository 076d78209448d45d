// Keeps pages where somebody practised, and what Python needs, for when there is no network.
"use strict";

// `make site` puts a name for all that it has made in place of this word.
const CACHE = "fewer-bits VERSION";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("fewer-bits ") && name !== CACHE) await caches.delete(name);
  }
  await clients.claim();
})()));

self.addEventListener("message", (event) => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  for (const address of event.data) {
    if (!(await cache.match(address))) await cache.add(address).catch(() => {});
  }
})()));

const python = (address) => address.includes("/_static/python/");

async function answered(request) {
  const cache = await caches.open(CACHE);
  // What Python needs changes only with the cache's name; all else is asked for first.
  if (python(request.url)) {
    const kept = await cache.match(request);
    if (kept) return kept;
  }
  try {
    const answer = await fetch(request);
    const wanted = python(request.url) || (await cache.match(request));
    if (answer.ok && wanted) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(self.location.origin)) event.respondWith(answered(request));
});
