// The rules editor: what happens in a form before it is sent. Nothing here knows what a field or a value means.
(function () {
  "use strict";

  function formOf(element) { return element.closest(".rule form"); }

  function changed(form) {
    if (!form) { return; }
    form.classList.add("unsaved");
    form.dispatchEvent(new CustomEvent("rule:changed"));
  }

  function chip(key, value, label) {
    const item = document.createElement("li");
    item.className = "chip";
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = "value-" + key;
    input.value = value;
    const text = document.createElement("span");
    text.textContent = label;
    const drop = document.createElement("button");
    drop.type = "button";
    drop.dataset.dropValue = "";
    drop.setAttribute("aria-label", "Remove " + label);
    drop.textContent = "×";
    item.append(input, text, drop);
    return item;
  }

  function chipOf(list, value) {
    return Array.from(list.children).find(function (item) { return item.querySelector("input").value === value; });
  }

  // A ticked match becomes a chip, an unticked one goes.
  document.addEventListener("change", function (event) {
    const box = event.target;
    if (box.matches("[data-search]")) { return; }
    if (box.matches("[data-pick]")) {
      const key = box.closest("[data-found]").dataset.found;
      const list = document.querySelector('[data-picked="' + key + '"]');
      const present = chipOf(list, box.value);
      if (box.checked && !present) { list.append(chip(key, box.value, box.parentElement.textContent.trim())); }
      if (!box.checked && present) { present.remove(); }
    }
    changed(formOf(box));
  });

  const drops = {
    "[data-drop-value]": function (button) {
      const item = button.closest("li");
      const list = item.parentElement;
      const value = item.querySelector("input").value;
      const next = item.nextElementSibling || item.previousElementSibling;
      const values = list.closest(".values");
      item.remove();
      values.querySelectorAll("[data-pick]").forEach(function (box) { if (box.value === value) { box.checked = false; } });
      (next ? next.querySelector("button") : values.querySelector("[data-search]")).focus();
    },
    "[data-drop-row]": function (button) {
      const rows = button.closest(".rows");
      button.closest("[data-row]").remove();
      (rows.querySelector("input") || rows.nextElementSibling).focus();
    },
    "[data-drop-condition]": function (button) {
      const form = formOf(button);
      button.closest("[data-condition]").remove();
      form.querySelector("[id^='add-']").focus();
    },
    "[data-drop-rule]": function (button) {
      const list = button.closest(".rule-list");
      button.closest(".rule").remove();
      list.nextElementSibling.focus();
    },
  };
  document.addEventListener("click", function (event) {
    for (const [selector, drop] of Object.entries(drops)) {
      const button = event.target.closest(selector);
      if (button) {
        const form = formOf(button);
        drop(button);
        changed(form);
        return;
      }
    }
  });

  // Enter in a search field searches; it does not save the rule.
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.matches("[data-search]")) { event.preventDefault(); }
  });

  // The server has stored the new order: the rule moves here with whatever is typed into it.
  document.addEventListener("htmx:afterRequest", function (event) {
    const request = event.detail.xhr;
    const button = event.detail.elt;
    if (button.matches("[data-move]") && request.getResponseHeader("X-Rule-Moved")) {
      const item = button.closest(".rule");
      const others = Array.from(item.parentElement.querySelectorAll(":scope > [data-rule]"));
      const other = others[others.indexOf(item) + Number(button.dataset.move)];
      if (other) { Number(button.dataset.move) < 0 ? other.before(item) : other.after(item); }
      button.focus();
    }
    // What was refused is said on the page behind the window.
    if (request.status >= 400 && button.closest("#dialog-place dialog")) { button.closest("dialog").close(); }
  });

  // Switched on: its rules are what to look at next.
  document.addEventListener("htmx:load", function (event) {
    const opener = event.target.matches("[data-opens]") ? event.target : null;
    const panel = opener && document.getElementById(opener.dataset.opens);
    if (panel) { panel.open = true; }
  });

  window.addEventListener("beforeunload", function (event) {
    if (document.querySelector(".rule form.unsaved")) { event.preventDefault(); }
  });
})();
