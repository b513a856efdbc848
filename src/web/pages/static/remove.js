// Deletes a recording at once, and offers to bring it back.
import { api } from "./api.js";
import { refresh } from "./live.js";
import { close, playing } from "./player.js";
import { failed, toast } from "./toast.js";

/** Hides a row until the list is updated, and its day if no other row is left. */
function hide(row, hidden) {
  row.hidden = hidden;
  // The list may have removed the row meanwhile.
  const day = row.closest(".day");
  if (day) day.hidden = [...day.querySelectorAll(".row")].every((one) => one.hidden);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (!button) return;
  const row = button.closest(".row");
  const [id, title] = [button.dataset.delete, row.dataset.title];
  const path = `/recordings/${encodeURIComponent(id)}`;
  hide(row, true);
  document.getElementById("content").focus({ preventScroll: true });
  try {
    await api(path, "DELETE");
  } catch (error) {
    hide(row, false);
    failed(error);
    return;
  }
  if (playing()?.id === id) close();
  toast(`${button.dataset.deleted} ${title}`, async () => {
    try {
      await api(`${path}/restore`, "POST");
      hide(row, false);
      await refresh();
    } catch (error) { failed(error); }
  });
  await refresh();
});
