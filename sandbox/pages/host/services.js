// What an extension can ask of the page around it, by the ids of azure-devops-extension-api.

const HTTP = /^https?:\/\//;

/** data: what the page knows; page: its build, release or test result, as `pages.js` gives it. */
export function servicesOf(data, page) {
  return {
    "ms.vss-features.location-service": locationService(data),
    "ms.vss-tfs-web.tfs-page-data-service": { getProject: async () => data.project },
    "ms.vss-features.host-navigation-service": navigationService(data),
    "ms.vss-features.host-page-layout-service": layoutService(),
    "ms.vss-tfs-web.tfs-global-messages-service": messagesService(),
    ...page.services,
  };
}

function locationService(data) {
  return {
    async getResourceAreaLocation(id) {
      const answer = await fetch(`${data.collection}_apis/resourceAreas/${id}`, {
        headers: { Authorization: `Bearer ${data.ownToken}` },
      });
      if (!answer.ok) throw new Error(`There is no resource area with the id ${id}.`);
      return (await answer.json()).locationUrl;
    },
    getServiceLocation: async () => data.collection,
  };
}

function navigationService(data) {
  const current = () => new URL(location.href);
  const replace = (address) => history.replaceState(history.state, "", address);
  return {
    getHash: async () => location.hash.slice(1),
    replaceHash: (hash) => replace(Object.assign(current(), { hash })),
    setHash: (hash) => void (location.hash = hash),
    onHashChanged: (told) => addEventListener("hashchange", () => told(location.hash.slice(1))),
    getQueryParams: async () => Object.fromEntries(current().searchParams),
    setQueryParams(parameters) {
      const address = current();
      for (const [name, value] of Object.entries(parameters)) {
        if (value) address.searchParams.set(name, value);
        else address.searchParams.delete(name);
      }
      replace(address);
    },
    setDocumentTitle: (title) => void (document.title = title),
    navigate: (address) => location.assign(web(address)),
    openNewWindow: (address, features) => void open(web(address), "_blank", `noopener,${features ?? ""}`),
    reload: () => location.reload(),
    getPageRoute: async () => ({ id: data.page.route, routeValues: { project: data.project.name } }),
    getPageNavigationElements: async () => [],
  };
}

/** An address that may be gone to: of this page's origin, or of the web. */
function web(address) {
  const absolute = new URL(address, location.href).href;
  if (!HTTP.test(absolute)) throw new Error(`The host does not go to ${absolute}.`);
  return absolute;
}

function layoutService() {
  const whole = document.body.classList;
  return {
    getFullScreenMode: async () => whole.contains("full-screen"),
    setFullScreenMode: (on) => void whole.toggle("full-screen", on),
    openMessageDialog(message, options) {
      options?.onClose?.(confirm(message));
    },
  };
}

function messagesService() {
  const place = document.getElementById("messages");
  function show(message) {
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "note warning", textContent: message }));
  }
  const clear = () => place.replaceChildren();
  return {
    addBanner: ({ message, messageFormat }) => show(message ?? messageFormat),
    addToast({ message, duration }) {
      show(message);
      setTimeout(clear, duration);
    },
    addDialog: ({ title, message }) => show([title, message].filter(Boolean).join(": ")),
    closeBanner: clear,
    closeDialog: clear,
  };
}
