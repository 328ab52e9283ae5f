// The microphone: which ones there are, and its audio.

const KEPT = "microphone";

/** Whether this page may have one at all. */
export function available() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/**
 * The microphones, for a choice. Without leave to use one, browsers tell no names.
 * @returns {Promise<{id: string, name: string, chosen: boolean}[]>}
 */
export async function microphones() {
  if (!available()) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  const found = devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId && deviceId !== "default");
  const kept = localStorage.getItem(KEPT) ?? "";
  return [
    { id: "", name: "The usual one", chosen: !found.some(({ deviceId }) => deviceId === kept) },
    ...found.map(({ deviceId, label }) => ({ id: deviceId, name: label || "Microphone", chosen: deviceId === kept })),
  ];
}

/** @param {string} id empty: the usual one */
export function choose(id) {
  localStorage.setItem(KEPT, id);
}

/**
 * Its audio. Raises what `getUserMedia` does.
 * @param {string} id
 */
export function open(id) {
  const device = id ? { deviceId: { exact: id } } : {};
  return navigator.mediaDevices.getUserMedia({
    audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

/** @param {MediaStream | null} stream */
export function close(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
