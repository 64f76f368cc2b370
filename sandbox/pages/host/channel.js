// One frame's side of the conversation that azure-devops-extension-sdk holds: JSON strings by postMessage. Functions
// travel as numbers that the other side may call, dates as milliseconds.

export class Channel {
  #window;
  #objects = new Map();
  #functions = new Map();
  #waiting = new Map();
  #nextMessage = 1;
  #nextFunction = 1;

  /** window: the frame's; objects: name → object whose methods the frame may call, or a function that makes it. */
  constructor(window, objects) {
    this.#window = window;
    this.#objects = new Map(Object.entries(objects));
  }

  /** Take a message event. Only the frame itself is heard, and only from the opaque origin of a sandboxed frame. */
  receive(event) {
    if (event.source !== this.#window || event.origin !== "null" || typeof event.data !== "string") return;
    const message = JSON.parse(event.data);
    if (message.instanceId) void this.#answer(message);
    else this.#settle(message);
  }

  /** Call a method of an object that the frame has registered. */
  call(object, method, ...parameters) {
    return this.#ask({ instanceId: object, methodName: method, params: parameters });
  }

  async #answer(message) {
    const { id, handshakeToken, serializationSettings } = message;
    try {
      const result = this.#write(await this.#carryOut(message), serializationSettings);
      this.#post({ id, result, handshakeToken });
    } catch (error) {
      this.#post({ id, error: { name: error.name, message: error.message }, handshakeToken });
    }
  }

  #carryOut({ instanceId, methodName, params = [] }) {
    const parameters = params.map((each) => this.#read(each));
    if (instanceId === "__proxyFunctions") {
      const found = this.#functions.get(methodName);
      if (!found) throw new Error(`RPC method not found: ${methodName}`);
      return found(...parameters);
    }
    const object = this.#objects.get(instanceId);
    if (!object) throw new Error(`There is no object ${instanceId}.`);
    if (!methodName) return object;
    if (typeof object[methodName] !== "function") throw new Error(`RPC method not found: ${methodName}`);
    return object[methodName](...parameters);
  }

  #settle({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(this.#read(error));
    else waiting?.resolve(this.#read(result));
  }

  #ask(message, serializationSettings) {
    const id = this.#nextMessage++;
    const params = this.#write(message.params, serializationSettings);
    this.#post({ id, instanceContext: {}, ...message, params, serializationSettings });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #post(message) {
    this.#window.postMessage(JSON.stringify(message), "*");
  }

  /** What begins with an underscore, as `_links` of REST answers, travels only between functions that were lent. */
  #write(value, settings) {
    if (typeof value === "function") return this.#lend(value);
    if (value instanceof Date) return { __proxyDate: value.getTime() };
    if (Array.isArray(value)) return value.map((each) => this.#write(each, settings));
    if (!value || typeof value !== "object") return value;
    const all = settings?.includeUnderscoreProperties;
    const kept = Object.entries(value).filter(([name]) => all || !name.startsWith("_"));
    return Object.fromEntries(kept.map(([name, each]) => [name, this.#write(each, settings)]));
  }

  #lend(method) {
    const number = this.#nextFunction++;
    this.#functions.set(`proxy${number}`, method);
    return { __proxyFunctionId: number, _channelId: 1 };
  }

  #read(value) {
    if (!value || typeof value !== "object") return value;
    if (value.__proxyFunctionId) return (...parameters) => this.#askFunction(value.__proxyFunctionId, parameters);
    if (value.__proxyDate) return new Date(value.__proxyDate);
    if (Array.isArray(value)) return value.map((each) => this.#read(each));
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#read(each)]));
  }

  #askFunction(number, parameters) {
    const message = { instanceId: "__proxyFunctions", methodName: `proxy${number}`, params: parameters };
    return this.#ask(message, { includeUnderscoreProperties: true });
  }
}
