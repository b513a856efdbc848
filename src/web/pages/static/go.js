// Goes from page to page without stopping the player: fetches the page of a link and replaces the content. If that
// fails, the browser follows the link as usual.
import { ready } from "./ready.js";

const main = () => document.getElementById("content");
/** The pages that were left, by their index in the history. */
const left = new Map();
const KEPT = 12;
let here = history.state?.place ?? Date.now();
/** Returns the address of the page that is shown, without its anchor. */
const address = () => location.pathname + location.search;
let shown = address();
let wanted = 0;
/** Cancels the earlier request, and returns the number of this one. */
const next = () => { document.body.classList.remove("waits"); return ++wanted; };

history.scrollRestoration = "manual";
history.replaceState({ place: here, scroll: 0 }, "");

/** Returns the document at an address; null if it is not a page of this site. */
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
    // The address of the answer has no anchor.
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
  // The browser itself goes to another anchor of the same page.
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
  if (link.origin !== location.origin || link.hasAttribute("download") || link.target || "plain" in link.dataset) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  // Files, not pages.
  if (/\.\w{2,4}$/.test(link.pathname)) return;
  event.preventDefault();
  go(link.href);
});

/** Shows what a form asks for, after a pause without another request. */
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
