// The docking library behind one small face: nothing outside this file knows which library it is.

import { createDockview, type DockviewApi, type DockviewPanelApi, type IDockviewPanel } from "dockview";
import { type Accessor, createSignal, type JSX } from "solid-js";
import { render } from "solid-js/web";
import { readStored, writeStored } from "../lib/stored";
import { HOUSE_LAYOUTS, savedLayouts, saveLayout, serialized } from "./layouts";
import { GROUP_COLORS, GROUPS, type Group } from "./links";

export interface Frame {
  id: string;
  /** Link group of the panel's symbol. */
  group: Accessor<Group>;
  /** True while the panel is its group's front tab. */
  visible: Accessor<boolean>;
  /** What to focus when the panel is called by a key. */
  setFocus: (focus: () => void) => void;
}

export interface PanelKind {
  kind: string;
  title: string;
  /** Shows one symbol, and so belongs to a link group. */
  linked: boolean;
  /** A key that brings it to front and focuses it. */
  key: string;
  view: (frame: Frame) => JSX.Element;
}

interface Held {
  frame: Frame;
  setGroup: (group: Group) => void;
  focus: () => void;
}

export class Dock {
  private readonly api: DockviewApi;
  private readonly held = new Map<string, Held>();
  private storing: ReturnType<typeof setTimeout> | undefined;
  /** Nobody has arranged anything here yet: the panels stand as the house put them. */
  private untouched = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly kinds: ReadonlyMap<string, PanelKind>,
    /** A panel was put into a window of its own: keys must work there, too. */
    opened: (window: Window) => void,
  ) {
    this.api = createDockview(element, {
      theme: { name: "rushtrade", className: "dockview-theme-dark", colorScheme: "dark", gap: 3 },
      popoutUrl: "/popout.html",
      defaultRenderer: "onlyWhenVisible",
      createComponent: (options) => this.content(options.id, options.name),
      createTabComponent: (options) => this.tab(options.id),
    });
    this.api.onDidAddPopoutGroup((popout) => opened(popout.window));
    this.restore();
    this.api.onDidLayoutChange(() => this.store());
  }

  /** Bring a panel of this kind to the front and put the cursor into it; open one when there is none. */
  open(kind: string): void {
    const panel = this.find(kind) ?? this.add(kind);
    panel.api.setActive();
    // The panel's content is attached in the next frame when its tab was hidden.
    requestAnimationFrame(() => this.held.get(panel.id)?.focus());
  }

  /** A second panel of a kind, in a window of its own inside the dock. */
  openAnother(kind: string, group: Group): void {
    const panel = this.add(kind, group);
    this.api.addFloatingGroup(panel, { width: 460, height: 420, x: 120, y: 90 });
  }

  next(by: 1 | -1): void {
    if (by === 1) this.api.moveToNext({ includePanel: true });
    else this.api.moveToPrevious({ includePanel: true });
    const active = this.api.activePanel;
    if (active !== undefined) requestAnimationFrame(() => this.held.get(active.id)?.focus());
  }

  popOut(): void {
    const active = this.api.activePanel;
    if (active !== undefined) void this.api.addPopoutGroup(active);
  }

  maximize(): void {
    if (this.api.hasMaximizedGroup()) this.api.exitMaximizedGroup();
    else this.api.activePanel?.api.maximize();
  }

  close(): void {
    this.api.activePanel?.api.close();
  }

  /** Link group of the panel in use, else A. */
  activeGroup(): Group {
    const active = this.api.activePanel;
    return (active && this.held.get(active.id)?.frame.group()) ?? "A";
  }

  /** The panel in use goes to the next symbol group. */
  changeGroup(): void {
    const held = this.held.get(this.api.activePanel?.id ?? "");
    if (held !== undefined) held.setGroup(nextGroup(held.frame.group()));
  }

  layoutNames(): string[] {
    return [...Object.keys(HOUSE_LAYOUTS), ...Object.keys(savedLayouts())];
  }

  load(name: string): void {
    const saved = savedLayouts()[name];
    const house = HOUSE_LAYOUTS[name];
    if (saved !== undefined) this.api.fromJSON(saved);
    else if (house !== undefined) this.api.fromJSON(this.arranged(house));
  }

  save(name: string): void {
    saveLayout(name, this.api.toJSON());
  }

  dispose(): void {
    clearTimeout(this.storing);
    this.api.dispose();
  }

  // ------------------------------------------------------------------ panels and tabs

  private find(kind: string): IDockviewPanel | undefined {
    const panels = this.api.panels.filter((panel) => panel.view.contentComponent === kind);
    return panels.find((panel) => panel.api.isActive) ?? panels[0];
  }

  private add(kind: string, group: Group = "A"): IDockviewPanel {
    let id = `${kind}-${group}`;
    for (let n = 2; this.api.getPanel(id) !== undefined; n++) id = `${kind}-${group}-${n}`;
    const title = this.kinds.get(kind)?.title ?? kind;
    return this.api.addPanel({ id, component: kind, tabComponent: "tab", title, params: { group } });
  }

  private content(id: string, kind: string) {
    const element = document.createElement("div");
    element.className = "panel";
    let end = () => {};
    return {
      element,
      init: (options: { api: DockviewPanelApi; params: Record<string, unknown> }) => {
        const held = this.hold(id, options.api, options.params);
        const view = this.kinds.get(kind)?.view;
        element.dataset.panel = kind;
        if (view !== undefined) end = render(() => view(held.frame), element);
      },
      dispose: () => {
        end();
        this.held.delete(id);
      },
    };
  }

  private hold(id: string, api: DockviewPanelApi, params: Record<string, unknown>): Held {
    const existing = this.held.get(id);
    if (existing !== undefined) return existing;
    const first = GROUPS.find((group) => group === params.group) ?? "A";
    const [group, setGroup] = createSignal<Group>(first);
    const [visible, setVisible] = createSignal(api.isVisible);
    api.onDidVisibilityChange((event) => setVisible(event.isVisible));
    const held: Held = {
      frame: {
        id,
        group,
        visible,
        setFocus: (focus) => {
          held.focus = focus;
        },
      },
      setGroup: (next) => {
        setGroup(next);
        api.updateParameters({ group: next });
        this.store();
      },
      focus: () => {},
    };
    this.held.set(id, held);
    return held;
  }

  private tab(id: string) {
    const element = document.createElement("div");
    element.className = "tab";
    let end = () => {};
    return {
      element,
      init: (options: { api: DockviewPanelApi; title: string; params: Record<string, unknown> }) => {
        const held = this.hold(id, options.api, options.params);
        const kind = this.kinds.get(options.api.component);
        end = render(
          () => <Tab held={held} title={options.title} linked={kind?.linked ?? false} api={options.api} />,
          element,
        );
      },
      dispose: () => end(),
    };
  }

  // ------------------------------------------------------------------ keeping the layout

  private arranged(tile: (typeof HOUSE_LAYOUTS)[string]) {
    const title = (kind: string) => this.kinds.get(kind)?.title ?? kind;
    return serialized(tile, this.element.clientWidth, this.element.clientHeight, title);
  }

  private restore(): void {
    const stored = readStored<ReturnType<DockviewApi["toJSON"]> | null>("layout", null);
    try {
      if (stored !== null) {
        this.api.fromJSON(stored);
        if (this.api.totalPanels > 0) return;
      }
    } catch {
      // A layout of another version: start with the house's own.
    }
    this.untouched = true;
    this.load("Trader");
  }

  /** Begin with another of the house's layouts, unless somebody has one here already. */
  begin(name: string): void {
    if (!this.untouched) return;
    this.untouched = false;
    this.load(name);
  }

  private store(): void {
    clearTimeout(this.storing);
    this.storing = setTimeout(() => writeStored("layout", this.api.toJSON()), 400);
  }
}

/** The signs in a tab are for the mouse; the commands "Next symbol group" and "Close the panel" do the same. */
function Tab(props: { held: Held; title: string; linked: boolean; api: DockviewPanelApi }) {
  const group = props.held.frame.group;
  return (
    <>
      <span class="tab-title">{props.title}</span>
      {props.linked && (
        <span
          class="tab-link"
          aria-hidden="true"
          data-letter={group()}
          style={{ color: GROUP_COLORS[group()], "border-color": GROUP_COLORS[group()] }}
          title={`Symbol group ${group()}: panels of one group show the same symbol. Click for the next group.`}
          onPointerDown={(event) => event.stopPropagation()}
          onClick={() => props.held.setGroup(nextGroup(group()))}
        />
      )}
      <span
        class="tab-close"
        aria-hidden="true"
        title={`Close ${props.title}`}
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => props.api.close()}
      />
    </>
  );
}

function nextGroup(group: Group): Group {
  return GROUPS[(GROUPS.indexOf(group) + 1) % GROUPS.length] as Group;
}
