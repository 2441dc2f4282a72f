/**
 * A WebSocket class for phoenix.js that shows everything crossing it to an observer: the very
 * strings and buffers that were sent and received, nothing re-encoded.
 *
 * @param {{opened(): void, closed(code: number): void,
 *     frame(direction: "up" | "down", data: string | ArrayBuffer): void}} observer
 */
export function tappedWebSocket(observer) {
  return class TappedWebSocket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols ?? []);
      // Registered before phoenix.js sets onmessage: the observer sees a frame before its effects.
      this.addEventListener("open", () => observer.opened());
      this.addEventListener("message", ({ data }) => observer.frame("down", data));
      this.addEventListener("close", ({ code }) => observer.closed(code));
    }

    send(data) {
      super.send(data);
      observer.frame("up", data);
    }
  };
}
