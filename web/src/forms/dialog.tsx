// A modal dialog: the browser's own element, so that focus stays inside, Esc closes, and the focus returns.

import { type JSX, onCleanup, onMount } from "solid-js";

export function Dialog(props: { label: string; wide?: boolean; close: () => void; children: JSX.Element }) {
  let element!: HTMLDialogElement;
  const before = document.activeElement as HTMLElement | null;
  onMount(() => {
    element.showModal();
    onCleanup(() => {
      element.close();
      before?.focus?.({ preventScroll: true });
    });
  });
  return (
    <dialog
      ref={element}
      class="dialog"
      classList={{ wide: props.wide ?? false }}
      aria-label={props.label}
      onCancel={(event) => {
        event.preventDefault();
        props.close();
      }}
      onKeyDown={(event) => event.stopPropagation()}
      onPointerDown={(event) => event.target === element && props.close()}
    >
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}

export function DialogTitle(props: { title: string; close: () => void }) {
  return (
    <header class="dialog-title">
      <h2>{props.title}</h2>
      <button type="button" class="small" onClick={props.close}>
        Close <kbd>Esc</kbd>
      </button>
    </header>
  );
}
