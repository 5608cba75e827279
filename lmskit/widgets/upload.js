// A file goes to Python in pieces, each asked for by the answer to the one before it, so that a large file neither fills
// the connection nor the memory.
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
  const answered = async (message) => {
    if (message.refused) {
      state.className = "bad";
      state.textContent = message.refused;
      file = null;
      return;
    }
    if (file === null) return; // another view of the same widget sends it
    const share = message.size ? Math.floor((100 * message.next) / message.size) : 100;
    state.textContent = share < 100 ? `${share} %` : "✓";
    if (message.next >= message.size) return;
    try {
      const piece = await file.slice(message.next, message.next + model.get("piece")).arrayBuffer();
      model.send({ piece: message.next }, undefined, [piece]);
    } catch {
      state.className = "bad";
      state.textContent = "The file cannot be read any more. Choose it again.";
    }
  };
  const able = () => {
    input.disabled = model.get("disabled");
  };
  input.addEventListener("change", choose);
  model.on("msg:custom", answered);
  model.on("change:disabled", able);
  return () => {
    model.off("msg:custom", answered);
    model.off("change:disabled", able);
  };
}

export default { render };
