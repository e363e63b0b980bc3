// What HTML alone cannot do: proof that a request is ours, dialogs, links out of Airflow's frame.
(function () {
  "use strict";

  document.addEventListener("htmx:configRequest", function (event) {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token) { event.detail.headers["X-CSRF-Token"] = token.content; }
  });

  // A page that stays open for longer than its token lasts gets a new one.
  function renewToken() {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (!token) { return; }
    fetch(token.dataset.renew, { credentials: "same-origin", cache: "no-store" }).then(function (answer) {
      const fresh = answer.headers.get("X-CSRF-Token");
      if (answer.ok && fresh) { token.content = fresh; }
    }).catch(function () { /* the next request says that nothing answers */ });
  }
  window.setInterval(renewToken, 60 * 60 * 1000);
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible") { renewToken(); }
  });

  function say(text) {
    const line = document.getElementById("message");
    if (line) {
      line.className = "message error";
      line.setAttribute("role", "alert");
      line.textContent = text;
    }
  }

  // Our own refusals say where they belong. Any other must not take the place of what somebody is typing.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const answer = event.detail.xhr;
    if (answer.status >= 400 && !answer.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = false;
      say("Airflow answered " + answer.status + ": nothing was changed. Try again, or tell data-ops.");
    }
  });

  // A server that does not answer must not look like one that did.
  document.addEventListener("htmx:sendError", function () {
    say("Airflow does not answer: nothing was changed. Try again.");
  });

  // <dialog data-open> that arrives in a fragment opens by itself; [data-close] closes the dialog it stands in.
  document.addEventListener("htmx:load", function (event) {
    const found = event.target.matches("dialog[data-open]") ? event.target : event.target.querySelector("dialog[data-open]");
    if (found && !found.open) {
      found.addEventListener("close", function () { found.remove(); });
      found.showModal();
    }
  });
  document.addEventListener("click", function (event) {
    const closing = event.target.closest("[data-close]");
    if (closing) {
      closing.closest("dialog").close();
      return;
    }
    // Airflow shows us in a frame that may not navigate it; a link of the page around us may.
    const leaving = event.target.closest('a[target="_top"]');
    if (leaving && window.parent !== window) {
      event.preventDefault();
      const link = window.parent.document.createElement("a");
      link.href = leaving.href;
      window.parent.document.body.append(link);
      link.click();
      link.remove();
    }
  });
})();
