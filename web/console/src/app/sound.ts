import { settingsStore } from './settings.js';

export type Sound = 'answered' | 'ended' | 'alarm' | 'paid';

/** Frequencies in hertz, played one after the other. */
const NOTES: Readonly<Record<Sound, readonly number[]>> = {
  answered: [660],
  ended: [520, 390],
  alarm: [880, 660, 880, 660],
  paid: [520, 660, 780],
};
const NOTE_SECONDS = 0.12;
const VOLUME = 0.08;

let context: AudioContext | null = null;

/** Plays a short beep, unless sounds are off. Browsers play no sound before the first click or key press. */
export function play(sound: Sound): void {
  if (!settingsStore.get().sound || typeof AudioContext === 'undefined') return;
  context ??= new AudioContext();
  const audio = context;
  NOTES[sound].forEach((frequency, index) => {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    const start = audio.currentTime + index * NOTE_SECONDS;
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(VOLUME, start);
    gain.gain.exponentialRampToValueAtTime(0.001, start + NOTE_SECONDS);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + NOTE_SECONDS);
  });
}
