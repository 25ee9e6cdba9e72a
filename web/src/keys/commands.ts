// Every action of the workstation has a name here; buttons, the palette and keys call the same commands.

import { Keymap } from "./keymap";

export interface Command {
  id: string;
  title: string;
  group: "Trade" | "Order" | "Panel" | "Layout" | "Session" | "Symbol";
  keys?: readonly string[];
  /** Works only while hot keys are armed. */
  armed?: boolean;
  /** False greys it out in the palette. */
  enabled?: () => boolean;
  /** `binding` says what called it: "key:Shift+B", "palette", "button". */
  run: (binding: string) => void;
}

export class Commands {
  readonly keymap = new Keymap();
  private readonly all = new Map<string, Command>();

  add(...commands: Command[]): void {
    for (const command of commands) {
      if (this.all.has(command.id)) throw new Error(`the command ${command.id} exists`);
      this.all.set(command.id, command);
      for (const key of command.keys ?? []) this.keymap.bind(key, command.id);
    }
  }

  get(id: string): Command | undefined {
    return this.all.get(id);
  }

  run(id: string, binding: string): void {
    const command = this.all.get(id);
    if (command === undefined) throw new Error(`no command ${id}`);
    if (command.enabled?.() ?? true) command.run(binding);
  }

  list(): Command[] {
    return [...this.all.values()];
  }

  /** Commands whose title, group or id contains all words, best first: titles that start so come before the rest. */
  search(text: string): Command[] {
    const words = text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const hits = this.list().filter((command) => {
      const where = `${command.title} ${command.group} ${command.id}`.toLowerCase();
      return words.every((word) => where.includes(word));
    });
    const start = (words[0] ?? "") as string;
    const rank = (command: Command) => (command.title.toLowerCase().startsWith(start) ? 0 : 1);
    return hits.sort((a, b) => rank(a) - rank(b));
  }
}
