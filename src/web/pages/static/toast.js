// Short messages at the bottom, with at most one action.
const place = document.getElementById("toasts");
const STAYS = 10_000;

export function toast(text, undo = null) {
  const it = document.createElement("div");
  it.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  it.append(words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = place.dataset.undo;
    button.addEventListener("click", () => { it.remove(); undo(); });
    it.append(button);
  }
  // The oldest messages go.
  while (place.children.length >= 3) place.firstElementChild.remove();
  place.append(it);
  const later = () => {
    if (it.matches(":hover, :focus-within")) setTimeout(later, 2_000); else it.remove();
  };
  setTimeout(later, STAYS);
}

export const failed = (error) => toast(error?.message || place.dataset.failed);
