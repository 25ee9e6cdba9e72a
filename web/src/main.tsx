// Entry: who is logged in decides what is shown.

import "@fontsource/ibm-plex-sans/latin-400.css";
import "@fontsource/ibm-plex-sans/latin-500.css";
import "@fontsource/ibm-plex-sans/latin-600.css";
import "@fontsource/ibm-plex-sans-condensed/latin-400.css";
import "@fontsource/ibm-plex-sans-condensed/latin-500.css";
import "@fontsource/ibm-plex-sans-condensed/latin-600.css";
import "dockview/dist/styles/dockview.css";
import "./style/index.css";

import { createSignal, Match, onMount, Show, Switch } from "solid-js";
import { render } from "solid-js/web";
import { currentSession, logout } from "./feed/session";
import { DataCenterPage } from "./shell/datacenter-page";
import { Login } from "./shell/login";
import { Workstation } from "./shell/workstation";

type Screen = "asking" | "login" | "workstation";

function App() {
  const [screen, setScreen] = createSignal<Screen>("asking");
  const [why, setWhy] = createSignal("");
  onMount(async () => {
    try {
      setScreen((await currentSession()) === null ? "login" : "workstation");
    } catch {
      setWhy("The house cannot be reached.");
      setScreen("login");
    }
  });
  const leave = (reason: string) => {
    setWhy(reason);
    setScreen("login");
    if (reason === "") void logout().catch(() => setWhy("The house could not be told of the logout."));
  };
  return (
    <Switch>
      <Match when={screen() === "login"}>
        <Login why={why()} entered={() => setScreen("workstation")} />
      </Match>
      <Match when={screen() === "workstation"}>
        <Show when={location.pathname === "/datacenter"} fallback={<Workstation leave={leave} />}>
          <DataCenterPage leave={leave} />
        </Show>
      </Match>
    </Switch>
  );
}

render(() => <App />, document.getElementById("root") as HTMLElement);
