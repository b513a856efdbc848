// From page to page without leaving the player: what a link leads to is fetched, and its content put in place. What
// cannot be had that way is gone to as usual, so every link works without this, too.
import { ready } from "./ready.js";

const main = () => document.getElementById("content");
/** Pages one came from, as they were left, by their place in the history. */
const left = new Map();
const KEPT = 12;
let here = history.state?.place ?? Date.now();
/** The address of what is shown, without the place on it. */
const address = () => location.pathname + location.search;
let shown = address();
let wanted = 0;
/** Whatever was wanted before is not, from now on: what is wanted last has its turn. */
const next = () => { document.body.classList.remove("waits"); return ++wanted; };

history.scrollRestoration = "manual";
history.replaceState({ place: here, scroll: 0 }, "");

/** The document at an address; null where it is none of ours. */
export async function page(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (!(response.headers.get("Content-Type") ?? "").startsWith("text/html")) return null;
  const document = new DOMParser().parseFromString(await response.text(), "text/html");
  return document.getElementById("content") ? { document, url: response.url } : null;
}

function put(found) {
  main().replaceWith(found.getElementById("content"));
  document.title = found.title;
  const side = (root) => root.querySelector(".side");
  if (side(found).textContent !== side(document).textContent) side(document).replaceWith(side(found));
  current(new Set([...side(found).querySelectorAll("[aria-current]")].map((link) => link.getAttribute("href"))));
  ready(main());
}

function current(addresses) {
  for (const link of document.querySelectorAll(".side a:not(.brand)")) {
    if (addresses.has(link.getAttribute("href"))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function leave() {
  const addresses = [...document.querySelectorAll(".side [aria-current]")].map((link) => link.getAttribute("href"));
  left.set(here, { main: main(), title: document.title, addresses, scroll: scrollY });
  if (left.size > KEPT) left.delete(left.keys().next().value);
}

/** Goes to an address. */
export async function go(url) {
  const turn = next();
  document.body.classList.add("waits");
  try {
    const found = await page(url);
    if (turn !== wanted) return;
    if (!found) { location.assign(url); return; }
    leave();
    here = Date.now();
    // The answer knows no place in the page.
    history.pushState({ place: here }, "", found.url + new URL(url).hash);
    shown = address();
    put(found.document);
    scrollTo(0, 0);
    main().focus({ preventScroll: true });
    document.getElementById(new URL(url).hash.slice(1))?.scrollIntoView();
    document.getElementById("announcer").textContent = document.title;
  } catch {
    location.assign(url);
  } finally {
    if (turn === wanted) document.body.classList.remove("waits");
  }
}

addEventListener("popstate", async (event) => {
  // From one place to another on the same page, which the browser does by itself.
  if (address() === shown && (event.state === null || event.state.place === here)) {
    history.replaceState({ place: here }, "");
    return;
  }
  const turn = next();
  leave();
  shown = address();
  const back = left.get(event.state?.place);
  here = event.state?.place ?? Date.now();
  if (back) {
    main().replaceWith(back.main);
    document.title = back.title;
    current(new Set(back.addresses));
    scrollTo(0, back.scroll);
    document.dispatchEvent(new CustomEvent("aircheck:back"));
    return;
  }
  const found = await page(location.href).catch(() => null);
  if (turn !== wanted) return;
  if (found) put(found.document); else location.reload();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.hasAttribute("download") || link.target || link.dataset.plain) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  // Files, not pages.
  if (/\.\w{2,4}$/.test(link.pathname)) return;
  event.preventDefault();
  go(link.href);
});

/** Shows what a form asks for, after a pause in which nobody wants anything else. */
export async function narrow(form, pause = 0) {
  const turn = next();
  await new Promise((done) => { setTimeout(done, pause); });
  if (turn !== wanted) return;
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  const url = form.action + (query.size > 0 ? `?${query}` : "");
  const found = await page(url).catch(() => null);
  if (turn !== wanted) return;
  if (!found) { location.assign(url); return; }
  history.replaceState(history.state, "", url);
  shown = address();
  document.getElementById("results").replaceWith(found.document.getElementById("results"));
  ready(document.getElementById("results"));
}
