import { useId, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../app/context.js';
import { useAction } from '../app/useAction.js';
import { Button } from '../ui/Button.js';
import { Dialog } from '../ui/Dialog.js';
import { ErrorNote } from '../ui/States.js';
import { submitting } from '../ui/submitting.js';
import { useFirstFocus } from '../ui/useFirstFocus.js';
import { DisableWebhookDocument, EnableWebhookDocument } from './generated.js';

const CHOICES = ['deliver', 'skip'] as const;
type Choice = (typeof CHOICES)[number];

export interface PauseProps {
  readonly webhookId: string;
  readonly onDone: () => void;
}

/** Pauses a webhook with one click, because a pause loses nothing. */
export function PauseButton({ webhookId, onDone }: PauseProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const pause = useAction(() => client.request(DisableWebhookDocument, { input: { webhookId } }));

  async function run(): Promise<void> {
    if ((await pause.run()) !== null) onDone();
  }

  return (
    <>
      {pause.error === null ? null : <ErrorNote error={pause.error} />}
      <Button
        icon="clock"
        busy={pause.busy}
        onClick={() => {
          void run();
        }}
      >
        {t('webhooks.pause')}
      </Button>
    </>
  );
}

/** Opens the dialog that enables a webhook again. */
export function ResumeButton({ webhookId, onDone }: PauseProps): ReactElement {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button
        tone="primary"
        icon="check"
        onClick={() => {
          setAsks(true);
        }}
      >
        {t('webhooks.enable')}
      </Button>
      {asks ? (
        <Resume
          webhookId={webhookId}
          onDone={onDone}
          onClose={() => {
            setAsks(false);
          }}
        />
      ) : null}
    </>
  );
}

interface ResumeProps extends PauseProps {
  readonly onClose: () => void;
}

/** Asks what happens to the events that a disabled webhook has missed, and enables the webhook. */
function Resume({ webhookId, onDone, onClose }: ResumeProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [choice, setChoice] = useState<Choice>('deliver');
  const place = useFirstFocus<HTMLFormElement>('input');
  const enable = useAction(() => client.request(EnableWebhookDocument, { input: { webhookId, skipMissed: choice === 'skip' } }));

  async function submit(): Promise<void> {
    if ((await enable.run()) === null) return;
    onClose();
    onDone();
  }

  return (
    <Dialog title={t('resume.title')} onClose={onClose}>
      <form ref={place} className="form" onSubmit={submitting(submit)}>
        {enable.error === null ? null : <ErrorNote error={enable.error} />}
        <fieldset className="options">
          <legend>{t('resume.missed')}</legend>
          {CHOICES.map((value) => (
            <Option
              key={value}
              label={t(`resume.${value}`)}
              text={t(`resume.${value}Text`)}
              checked={value === choice}
              onChoose={() => {
                setChoice(value);
              }}
            />
          ))}
        </fieldset>
        <Button tone="primary" icon="check" size="large" wide submit busy={enable.busy}>
          {t('webhooks.enable')}
        </Button>
      </form>
    </Dialog>
  );
}

interface OptionProps {
  readonly label: string;
  readonly text: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
}

function Option({ label, text, checked, onChoose }: OptionProps): ReactElement {
  const id = useId();
  return (
    <div className="option">
      <input id={id} type="radio" name="missed" checked={checked} aria-describedby={`${id}-text`} onChange={onChoose} />
      <label htmlFor={id}>{label}</label>
      <p className="hint" id={`${id}-text`}>
        {text}
      </p>
    </div>
  );
}
