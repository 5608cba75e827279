// A file is sent to Python in pieces. Each answer asks for the next piece, so that a large file fills neither the connection
// nor the memory.
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "lmskit-upload";
  const input = document.createElement("input");
  const several = model.get("several");
  Object.assign(input, { type: "file", accept: model.get("accept"), disabled: model.get("disabled"), multiple: several });
  input.setAttribute("aria-label", several ? "Files" : "File");
  const state = document.createElement("span");
  state.setAttribute("role", "status");
  root.append(input, state);
  el.append(root);
  let file = null;
  let chosen = [];
  let number = 0;

  const begin = () => {
    file = chosen[number] ?? null;
    if (file) model.send({ begin: file.name, size: file.size, first: number === 0 });
    else if (chosen.length) model.send({ end: true });
  };
  const choose = () => {
    [chosen, number] = [[...input.files], 0];
    state.className = "";
    state.textContent = "";
    begin();
  };
  const goOn = () => {
    if (number >= chosen.length) return;
    number += 1;
    begin();
  };
  const sendNext = async (message) => {
    if (message.refused) {
      state.className = "bad";
      state.textContent = several && file ? `${file.name}: ${message.refused}` : message.refused;
      if (file !== null) goOn();
      return;
    }
    if (file === null) return; // another view of the same widget is sending it
    const share = message.size ? Math.floor((100 * message.next) / message.size) : 100;
    const of = chosen.length > 1 ? `${number + 1} of ${chosen.length}: ` : "";
    if (state.className === "") state.textContent = share < 100 ? `${of}${share} %` : `${of}✓`;
    if (message.next >= message.size) {
      goOn();
      return;
    }
    try {
      const piece = await file.slice(message.next, message.next + model.get("piece")).arrayBuffer();
      model.send({ piece: message.next }, undefined, [piece]);
    } catch {
      state.className = "bad";
      state.textContent = `${file.name} can no longer be read. Choose it again.`;
      goOn();
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
