// The editor of a qualification model: the page follows what is typed, and thresholds can be dragged.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  // What is typed while an answer arrives stays.
  Idiomorph.defaults.ignoreActiveValue = true;
  const wait = 150;
  let timer;
  let typed = 0;
  let sent = 0;

  const refresh = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      const form = document.getElementById("editor"); // the one that is there now: an answer may have replaced it
      if (form) htmx.trigger(form, "refresh");
    }, delay);
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest("#editor");
    if (!form || event.target.name === "yaml") return; // half-written YAML says nothing
    if (event.target.matches(".slider")) {
      const number = document.getElementById(event.target.dataset.for);
      number.value = event.target.value;
    }
    typed += 1;
    refresh(wait);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("#editor");
    if (!form || event.target.name !== "yaml") return;
    typed += 1;
    refresh(0);
  });

  document.addEventListener("submit", () => clearTimeout(timer)); // what is sent has all that was typed

  // A request that ends without having sent all of it is followed by another one.
  document.addEventListener("htmx:afterRequest", () => {
    if (sent !== typed && timer === undefined) refresh(wait);
  });

  // htmx adds the button that was pressed last, which would be pressed again.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.triggeringEvent?.type === "refresh") event.detail.formData.delete("do");
  });

  document.addEventListener("htmx:beforeRequest", () => {
    sent = typed;
  });

  document.addEventListener("htmx:afterSettle", () => {
    document.querySelector("#editor [data-focus]")?.focus();
  });

  // An answer to what has been changed since would undo it; the next one is under way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "editor" && sent !== typed) event.detail.shouldSwap = false;
  });
})();
