// From page to page without leaving the player: what a link leads to is fetched, and its content put in place. What
// cannot be had that way is gone to as usual, so every link works without this, too.
import { ready } from "./ready.js";

const main = () => document.getElementById("content");
/** Pages one came from, as they were left, by their place in the history. */
const left = new Map();
const KEPT = 12;
let here = history.state?.place ?? Date.now();
let wanted = 0;

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
  const turn = ++wanted;
  document.body.classList.add("waits");
  try {
    const found = await page(url);
    if (turn !== wanted) return;
    if (!found) { location.assign(url); return; }
    leave();
    here = Date.now();
    // The answer knows no place in the page.
    history.pushState({ place: here }, "", found.url + new URL(url).hash);
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
  const turn = ++wanted;
  leave();
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

export const narrow = async (form) => {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  const url = form.action + (query.size > 0 ? `?${query}` : "");
  const turn = ++wanted;
  const found = await page(url).catch(() => null);
  if (turn !== wanted) return;
  if (!found) { location.assign(url); return; }
  history.replaceState(history.state, "", url);
  document.getElementById("results").replaceWith(found.document.getElementById("results"));
  ready(document.getElementById("results"));
};
