// A button that copies the address of a feed.
export function ready(part) {
  for (const button of part.querySelectorAll(".copy")) {
    const address = button.parentElement.querySelector(".feed");
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!await copied(address)) return;
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 2_000);
    });
  }
}

async function copied(address) {
  try {
    await navigator.clipboard.writeText(address.textContent);
    return true;
  } catch {
    // Browsers give the clipboard to secure pages only; what is selected can be copied everywhere.
    getSelection().selectAllChildren(address);
    return document.execCommand("copy");
  }
}
