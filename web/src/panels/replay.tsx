// The replay of a stored day: where it is, and play, pause, seek, step and speed. Shown wherever a day is played; steered by the desk.

import { createSignal, For, Show } from "solid-js";
import type { House } from "../feed/house";
import type { Replay, Steering } from "../feed/stock";
import { clock, clockMillis } from "../lib/clock";
import { shares } from "../lib/numbers";
import { atClock } from "../lib/times";

const SPEEDS = ["0.1", "1", "5", "10", "60", "300", "max"] as const;
const STEPS = [1, 100, 10_000] as const;
const JUMP_US = 60_000_000;

const WORDS: Record<Replay["state"], string> = {
  playing: "Playing",
  paused: "Paused",
  seeking: "On its way",
  ended: "At its end",
};

export function ReplayBar(props: { house: House }) {
  return <Show when={props.house.replay[0]()}>{(at) => <Controls house={props.house} at={at()} />}</Show>;
}

function Controls(props: { house: House; at: Replay }) {
  const [wrong, setWrong] = createSignal("");
  /** What the slider shows while a hand moves it. */
  const [held, setHeld] = createSignal<number | null>(null);
  const may = () => props.house.may("operate");
  const steer = (steering: Steering) => {
    props.house
      .steer(steering)
      .then(() => setWrong(""))
      .catch((error: unknown) => setWrong(error instanceof Error ? error.message : String(error)));
  };
  const seek = (timeUs: number) => {
    setHeld(null);
    steer({ action: "seek", time_us: Math.round(timeUs) });
  };
  const playing = () => props.at.state === "playing";
  const speeds = () => (SPEEDS.some((one) => one === props.at.speed) ? SPEEDS : [props.at.speed, ...SPEEDS]);
  const toTyped = (text: string) => {
    const found = atClock(text, props.at.first_us);
    if (found === null) setWrong(`${text} is no time of day: 09:45 or 09:45:30 would pass.`);
    else seek(found);
  };
  return (
    <section class="replay-bar" aria-label="Replay" data-state={props.at.state}>
      <span class="replay-day">
        <span class="badge">REPLAY</span> {props.at.trade_date}
      </span>
      <button
        type="button"
        class="small replay-play"
        disabled={!may()}
        onClick={() => steer(playing() ? { action: "pause" } : { action: "play" })}
      >
        <span aria-hidden="true">{playing() ? "❚❚" : "▶"}</span> {playing() ? "Pause" : "Play"}
      </button>
      <label class="inline-field">
        <span class="label">Speed</span>
        <select
          name="speed"
          value={props.at.speed}
          disabled={!may()}
          onChange={(event) => steer({ action: "play", speed: event.currentTarget.value })}
        >
          <For each={speeds()}>
            {(speed) => <option value={speed}>{speed === "max" ? "max" : `×${speed}`}</option>}
          </For>
        </select>
      </label>
      <span class="replay-steps" role="group" aria-label="Step">
        <button
          type="button"
          class="small"
          disabled={!may()}
          title="A minute back"
          onClick={() => seek(Math.max(props.at.first_us, props.at.time_us - JUMP_US))}
        >
          −1 min
        </button>
        <For each={STEPS}>
          {(messages) => (
            <button
              type="button"
              class="small"
              disabled={!may()}
              title={`${shares(messages)} messages on, then stand still`}
              onClick={() => steer({ action: "step", messages })}
            >
              +{shares(messages)}
            </button>
          )}
        </For>
        <button
          type="button"
          class="small"
          disabled={!may()}
          title="A minute on"
          onClick={() => seek(Math.min(props.at.last_us, props.at.time_us + JUMP_US))}
        >
          +1 min
        </button>
      </span>
      <input
        class="replay-slider"
        type="range"
        aria-label="Moment of the day"
        aria-valuetext={clock(held() ?? props.at.time_us)}
        min={props.at.first_us}
        max={props.at.last_us}
        step={1_000_000}
        value={held() ?? props.at.time_us}
        disabled={!may()}
        onInput={(event) => setHeld(event.currentTarget.valueAsNumber)}
        onChange={(event) => seek(event.currentTarget.valueAsNumber)}
      />
      <span class="replay-time" role="status">
        <b>{held() === null ? clockMillis(props.at.time_us) : clock(held() ?? 0)}</b> {WORDS[props.at.state]},{" "}
        {shares(props.at.messages)} messages
        <Show when={!props.at.whole_tape}>
          <span class="warn-text"> The tape begins at a checkpoint.</span>
        </Show>
      </span>
      <label class="inline-field">
        <span class="label">Go to</span>
        <input
          name="moment"
          size={8}
          placeholder="09:45:00"
          autocomplete="off"
          disabled={!may()}
          onKeyDown={(event) => event.key === "Enter" && toTyped(event.currentTarget.value)}
        />
      </label>
      <Show when={wrong() !== ""}>
        <span class="replay-wrong" role="alert">
          {wrong()}
        </span>
      </Show>
    </section>
  );
}
