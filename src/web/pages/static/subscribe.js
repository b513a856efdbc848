// Buttons that copy the address of a feed.
export function ready(part) {
  for (const button of part.querySelectorAll(".copy")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!await copied(button.dataset.address)) return;
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 2_000);
    });
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers allow the clipboard to secure pages only; a selection can be copied everywhere.
    const field = document.createElement("textarea");
    const focused = document.activeElement;
    field.value = text;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return done;
  }
}
