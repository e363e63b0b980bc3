// The rules editor: what happens in a form before it is sent. Nothing here knows what a field or a value means.
(function () {
  "use strict";

  function formOf(element) { return element.closest(".rule form"); }

  // Until then a check may follow every change; a slower one costs the server too much for that.
  const QUICK_MILLISECONDS = 1000;
  // Of each list of rules: how long its last check took, the request that is under way, the form to check after it.
  const checks = new WeakMap();

  function checksOf(list) {
    if (!checks.has(list)) { checks.set(list, { took: 0, running: null, next: null }); }
    return checks.get(list);
  }

  function check(form) {
    const list = form.closest(".rule-list");
    if (!list) { return; }
    const state = checksOf(list);
    if (state.running) {
      state.next = form;
    } else if (state.took < QUICK_MILLISECONDS) {
      form.dispatchEvent(new CustomEvent("rule:changed"));
    } else {
      form.querySelector(".check-result").textContent = "Not counted since the last change: the last check took "
        + Math.round(state.took / 1000) + " s. Press Check tonight.";
    }
  }

  document.addEventListener("htmx:beforeSend", function (event) {
    const list = event.detail.elt.matches("[data-check]") && event.detail.elt.closest(".rule-list");
    if (!list) { return; }
    const request = event.detail.xhr;
    const state = checksOf(list);
    const start = performance.now();
    state.running = request;
    // Not an event of htmx: those are lost with a button that is saved away meanwhile.
    request.addEventListener("loadend", function () {
      const took = performance.now() - start;
      // A rule that is not complete is answered at once: that says nothing about the next one.
      if (took >= QUICK_MILLISECONDS || request.getResponseHeader("X-Check-Counted")) { state.took = took; }
      if (state.running !== request) { return; }
      const next = state.next;
      state.running = state.next = null;
      if (next) { check(next); }
    });
  });

  // Set once somebody chose to lose what is not saved.
  let isLeaving = false;

  function changed(form) {
    if (!form) { return; }
    isLeaving = false;
    form.classList.add("unsaved");
    check(form);
  }

  function hasUnsaved() { return !isLeaving && document.querySelector(".rule form.unsaved") !== null; }

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

  function makeButton(className, text) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = className;
    button.textContent = text;
    return button;
  }

  function askToLeave(link) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "leave-title");
    const title = document.createElement("h2");
    title.id = "leave-title";
    title.textContent = "You have rules that are not saved";
    const text = document.createElement("p");
    text.textContent = "What you changed in them is lost if you leave this page.";
    const stay = makeButton("button primary", "Stay");
    stay.dataset.close = "";
    const leave = makeButton("button danger", "Leave without saving");
    leave.addEventListener("click", function () {
      isLeaving = true;
      dialog.close();
      link.click();
    });
    const actions = document.createElement("div");
    actions.className = "actions";
    actions.append(stay, leave);
    dialog.append(title, text, actions);
    dialog.addEventListener("close", function () { dialog.remove(); });
    document.body.append(dialog);
    dialog.showModal();
    stay.focus();
  }

  // In Airflow's frame the browser may not ask. Before the other listeners: page.js leads links out of the frame.
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[href]");
    if (!link || !hasUnsaved()) { return; }
    const isElsewhere = link.target === "_blank" || event.ctrlKey || event.metaKey || event.shiftKey;
    const isHere = link.hash && link.href === location.href.split("#")[0] + link.hash;
    if (isElsewhere || isHere) { return; }
    event.preventDefault();
    event.stopPropagation();
    askToLeave(link);
  }, true);

  // Outside of the frame also for a closed window, a typed address and the way back.
  window.addEventListener("beforeunload", function (event) {
    if (hasUnsaved()) { event.preventDefault(); }
  });
  window.addEventListener("pageshow", function () { isLeaving = false; });
})();
