// A recording is deleted at once, and can be had back.
import { api } from "./api.js";
import { close, playing } from "./player.js";
import { failed, toast } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (!button) return;
  const row = button.closest(".row");
  const [id, title] = [button.dataset.delete, row.dataset.title];
  const path = `/recordings/${encodeURIComponent(id)}`;
  const day = row.closest(".day");
  const hide = (hidden) => {
    row.hidden = hidden;
    day.hidden = ![...day.querySelectorAll(".row")].some((one) => !one.hidden);
  };
  hide(true);
  document.getElementById("content").focus({ preventScroll: true });
  try {
    await api(path, "DELETE");
  } catch (error) {
    hide(false);
    failed(error);
    return;
  }
  if (playing()?.id === id) close();
  toast(`${button.dataset.deleted} ${title}`, async () => {
    try {
      await api(`${path}/restore`, "POST");
      hide(false);
    } catch (error) { failed(error); }
  });
});
