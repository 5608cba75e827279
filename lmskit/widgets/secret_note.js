// The secret comes as a message, is written into the page, and goes with it: no property of the model ever holds it.
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

  const told = (message) => {
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
      window.getSelection().selectAllChildren(secret); // where the browser does not let a page write to the clipboard
    }
  });
  hide.addEventListener("click", () => told({ what: "", secret: "" }));
  model.on("msg:custom", told);
  el.append(note);
  return () => {
    secret.textContent = "";
    model.off("msg:custom", told);
  };
}

export default { render };
