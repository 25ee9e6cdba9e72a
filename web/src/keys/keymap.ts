// Names of keys and which command they call. Pure: it knows events by four booleans and a name.
//
// A binding is written "Ctrl+K", "Shift+B", "B", "F2", "Enter". Letters without a modifier never fire in a text field.

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** What browsers and systems keep for themselves: binding one of these would work on one machine and not on the next. */
const RESERVED: ReadonlySet<string> = new Set([
  ..."TNWRQLPSODHJFUCVXAZ".split("").map((letter) => `Ctrl+${letter}`),
  ..."TNWPIJCRBDO".split("").map((letter) => `Ctrl+Shift+${letter}`),
  ...Array.from({ length: 9 }, (_, i) => `Ctrl+${i + 1}`),
  ...Array.from({ length: 9 }, (_, i) => `Alt+${i + 1}`),
  ..."F1 F3 F5 F6 F7 F10 F11 F12 Alt+F4 Alt+Tab Alt+D Alt+F Alt+E Shift+Escape Ctrl+Tab Tab Shift+Tab".split(
    " ",
  ),
]);

const MODIFIERS = ["Ctrl", "Alt", "Shift", "Meta"] as const;

export class BindingRefused extends Error {}

/** The one way to write a binding: modifiers in order, letters upper case. Throws BindingRefused. */
export function normalBinding(text: string): string {
  const parts = text.split("+").map((part) => part.trim());
  const key = parts.pop() ?? "";
  const modifiers = MODIFIERS.filter((one) => parts.includes(one));
  if (key === "" || modifiers.length !== parts.length) throw new BindingRefused(`"${text}" is no key`);
  const binding = [...modifiers, key.length === 1 ? key.toUpperCase() : key].join("+");
  if (RESERVED.has(binding)) throw new BindingRefused(`${binding} belongs to the browser or the system`);
  return binding;
}

/** The binding a key press would have. */
export function pressed(event: KeyPress): string {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key));
  const modifiers = [
    event.ctrlKey ? "Ctrl" : "",
    event.altKey ? "Alt" : "",
    shift ? "Shift" : "",
    event.metaKey ? "Meta" : "",
  ];
  return [...modifiers.filter((one) => one !== ""), key].join("+");
}

/** In a text field only keys with Ctrl, Alt or Meta count, and function keys. */
export function firesInText(binding: string): boolean {
  return /(^|\+)(Ctrl|Alt|Meta)\+/.test(binding) || /(^|\+)F\d+$/.test(binding);
}

export class Keymap {
  private readonly commands = new Map<string, string>();

  /** Throws BindingRefused when the key is taken by another command. */
  bind(binding: string, command: string): void {
    const key = normalBinding(binding);
    const holder = this.commands.get(key);
    if (holder !== undefined && holder !== command)
      throw new BindingRefused(`${key} already calls ${holder}`);
    this.commands.set(key, command);
  }

  find(event: KeyPress, inText: boolean): { binding: string; command: string } | null {
    const binding = pressed(event);
    const command = this.commands.get(binding);
    if (command === undefined || (inText && !firesInText(binding))) return null;
    return { binding, command };
  }

  keysOf(command: string): string[] {
    return [...this.commands].filter(([, one]) => one === command).map(([key]) => key);
  }
}
