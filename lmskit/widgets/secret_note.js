// The secret arrives as a message and exists only in the page: no property of the model ever holds it.
function render({ model, el }) {
  const note = document.createElement("p");
  note.className = "lmskit-secret";
  note.setAttribute("role", "status");
  note.hidden = true;
  const what = document.createElement("span");
  const secret = document.createElement("code");
  const copy = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  const hide = Object.assign(document.createElement("button"), { type: "button", textContent: "Hide" });
  note.append(what, secret, copy, hide);

  const show = (message) => {
    what.textContent = message.what;
    secret.textContent = message.secret;
    copy.textContent = "Copy";
    note.hidden = message.secret === "";
  };
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret.textContent);
      copy.textContent = "Copied";
    } catch {
      window.getSelection().selectAllChildren(secret); // the browser does not let the page write to the clipboard
    }
  });
  hide.addEventListener("click", () => show({ what: "", secret: "" }));
  model.on("msg:custom", show);
  el.append(note);
  return () => {
    secret.textContent = "";
    model.off("msg:custom", show);
  };
}

export default { render };
