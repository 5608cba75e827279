// A file is sent to Python in pieces. Each answer asks for the next piece, so that a large file fills neither the connection
// nor the memory.
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lmskit-upload";
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: model.get("accept"), disabled: model.get("disabled") });
  input.setAttribute("aria-label", "File");
  const state = document.createElement("span");
  state.setAttribute("role", "status");
  root.append(input, state);
  el.append(root);
  let file = null;

  const choose = () => {
    file = input.files[0] ?? null;
    state.className = "";
    state.textContent = "";
    if (file) model.send({ begin: file.name, size: file.size });
  };
  const sendNext = async (message) => {
    if (message.refused) {
      state.className = "bad";
      state.textContent = message.refused;
      file = null;
      return;
    }
    if (file === null) return; // another view of the same widget is sending it
    const share = message.size ? Math.floor((100 * message.next) / message.size) : 100;
    state.textContent = share < 100 ? `${share} %` : "✓";
    if (message.next >= message.size) return;
    try {
      const piece = await file.slice(message.next, message.next + model.get("piece")).arrayBuffer();
      model.send({ piece: message.next }, undefined, [piece]);
    } catch {
      state.className = "bad";
      state.textContent = "The file can no longer be read. Choose it again.";
    }
  };
  const setDisabled = () => {
    input.disabled = model.get("disabled");
  };
  input.addEventListener("change", choose);
  model.on("msg:custom", sendNext);
  model.on("change:disabled", setDisabled);
  return () => {
    model.off("msg:custom", sendNext);
    model.off("change:disabled", setDisabled);
  };
}

export default { render };
