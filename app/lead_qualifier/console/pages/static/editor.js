// The editor of a qualification model: the page follows what is typed, and thresholds can be dragged.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const wait = 150;
  let timer;
  let typed = 0;
  let sent = 0; // how much of it the latest request has: hx-sync ends one before the next begins
  let pressed = false; // a button whose answer has not come

  const cancel = () => clearTimeout(timer);

  const refresh = (delay) => {
    cancel();
    timer = setTimeout(() => {
      const form = document.getElementById("editor"); // the one that is there now: an answer may have replaced it
      if (form && !pressed) htmx.trigger(form, "refresh"); // it would replace what the button asks for
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

  document.addEventListener("submit", cancel); // what is sent has all that was typed

  const isRefresh = (event) => event.detail.requestConfig.triggeringEvent?.type === "refresh";

  // htmx adds the button that was pressed last, which would be pressed again.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.triggeringEvent?.type === "refresh") event.detail.formData.delete("do");
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    cancel();
    sent = typed;
    if (!isRefresh(event)) pressed = true;
  });

  // A request that ends without having sent all that was typed is followed by another one.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isRefresh(event)) {
      if (event.detail.successful && sent !== typed) {
        // The answer was not shown, so press the button again. Until htmx has ended this request, it would only wait.
        setTimeout(() => event.detail.requestConfig.elt.click());
        return;
      }
      pressed = false;
    }
    if (sent !== typed) refresh(wait);
  });

  document.addEventListener("htmx:afterSettle", () => {
    document.querySelector("#editor [data-focus]")?.focus();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== document.getElementById("editor")) return; // its `id` is the field of this name
    // An answer to what has been changed since would undo it; the next one is under way.
    if (sent !== typed) event.detail.shouldSwap = false;
    // What is typed while an answer arrives stays. But YAML that is only passed through follows the form: else it would
    // differ from what the server knows, and would count as changed.
    const active = document.activeElement;
    Idiomorph.defaults.ignoreActiveValue = active.name !== "yaml" || active.value !== active.defaultValue;
  });
})();
