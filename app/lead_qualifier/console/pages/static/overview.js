// Keeps the overview up to date while somebody looks at it. Without it, the page says when it was made.
"use strict";

{
  const live = document.getElementById("live");
  const state = document.getElementById("updates");
  const button = document.getElementById("pause");
  let source = null;
  let paused = false;
  let waiting = false; // there is something new, which would take the focus away

  const show = (name) => {
    state.textContent = state.dataset[name];
  };

  const refresh = () => htmx.trigger(live, "refresh");

  const close = () => {
    source?.close();
    source = null;
  };

  // A browser opens six connections to a server at most, so a page that nobody sees has none.
  const follow = () => {
    close();
    if (paused || document.hidden) return;
    source = new EventSource("/api/v1/stream");
    source.addEventListener("overview", () => {
      show("live");
      refresh();
    });
    source.addEventListener("error", () => show(source.readyState === EventSource.CLOSED ? "ended" : "lost"));
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? button.dataset.resume : button.dataset.pause;
    show(paused ? "paused" : "live");
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", close);

  // What has the focus stays, and so does a table that was opened.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== live) return;
    const focused = live.contains(document.activeElement) ? document.activeElement.closest("[id]") : null;
    if (focused && focused !== live && !event.detail.serverResponse.includes(`id="${focused.id}"`)) {
      event.detail.shouldSwap = false;
      waiting = true;
    }
  });
  live.addEventListener("focusout", () => {
    if (waiting) {
      waiting = false;
      setTimeout(refresh);
    }
  });
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.matches("details"));

  follow();
}
