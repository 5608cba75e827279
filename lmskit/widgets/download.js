// The file arrives as one message and is handed to the browser; the page keeps nothing of it.
function render({ model, el }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: model.get("label") });
  button.className = "lmskit-download";
  let asked = false;
  button.addEventListener("click", () => {
    asked = true;
    button.disabled = true;
    model.send({ wanted: true });
  });
  const save = (message, buffers) => {
    if (!asked) return; // another view of the same widget asked
    asked = false;
    button.disabled = false;
    if (message.failed) return;
    const address = URL.createObjectURL(new Blob(buffers, { type: "application/octet-stream" }));
    Object.assign(document.createElement("a"), { href: address, download: message.name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  model.on("msg:custom", save);
  el.append(button);
  return () => model.off("msg:custom", save);
}

export default { render };
