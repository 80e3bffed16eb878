// Takes out of the page what no Content-Security-Policy of today closes: WebRTC, which asks name servers and other machines by itself.
// Imported before everything else.
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"])
  if (name in globalThis)
    Object.defineProperty(globalThis, name, { value: undefined, writable: false, configurable: false });
