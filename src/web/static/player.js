// One player at the bottom for all recordings: it stays while another recording is chosen, knows where one stopped
// listening, and answers media keys and the lock screen. Without it, every row has a player of its own.
"use strict";

(() => {
  const bar = document.getElementById("player");
  const audio = bar.querySelector("audio");
  const key = (id) => `aircheck:position:${id}`;
  let current = null;

  function remember() {
    if (!current || !Number.isFinite(audio.duration)) return;
    // What was heard to the end begins anew.
    if (audio.duration - audio.currentTime < 10) localStorage.removeItem(key(current.id));
    else if (audio.currentTime > 5) localStorage.setItem(key(current.id), String(audio.currentTime));
  }

  function play(data) {
    if (current && current.id === data.id) {
      if (audio.paused) audio.play(); else audio.pause();
      return;
    }
    remember();
    current = data;
    bar.hidden = false;
    bar.querySelector("[data-title]").textContent = data.title;
    bar.querySelector("[data-station]").textContent = data.station;
    audio.src = data.source;
    audio.addEventListener("loadedmetadata", () => {
      audio.currentTime = Number(localStorage.getItem(key(data.id))) || 0;
      audio.playbackRate = Number(bar.querySelector("[data-speed]").value);
    }, { once: true });
    audio.play();
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({ title: data.title, artist: data.station, album: "aircheck" });
    }
  }

  const skip = (seconds) => { audio.currentTime = Math.max(0, audio.currentTime + seconds); };

  for (const place of document.querySelectorAll(".sound")) {
    const own = place.querySelector("audio");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "play";
    button.textContent = place.dataset.play;
    button.setAttribute("aria-label", own.getAttribute("aria-label"));
    button.addEventListener("click", () => play({ ...place.dataset, source: own.src }));
    own.replaceWith(button);
  }
  for (const button of bar.querySelectorAll("[data-skip]")) {
    button.addEventListener("click", () => skip(Number(button.dataset.skip)));
  }
  bar.querySelector("[data-speed]").addEventListener("change", (event) => {
    audio.playbackRate = Number(event.target.value);
  });
  audio.addEventListener("pause", remember);
  audio.addEventListener("ended", remember);
  setInterval(() => { if (!audio.paused) remember(); }, 5000);
  addEventListener("pagehide", remember);
  if ("mediaSession" in navigator) {
    navigator.mediaSession.setActionHandler("seekbackward", () => skip(-15));
    navigator.mediaSession.setActionHandler("seekforward", () => skip(30));
  }
})();
