import { useId, useState, type ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../app/context.js';
import { useAction } from '../../app/useAction.js';
import { AnswerImportDocument, type ImportFieldsFragment } from '../generated.js';
import { ErrorNote } from '../../ui/States.js';
import { mergeMappings, NO_ANSWERS } from './mapping.js';

type Question = ImportFieldsFragment['questions'][number];

export interface QuestionsProps {
  readonly job: ImportFieldsFragment;
}

/** The questions about a file. A click answers a question; after the last answer, the import continues. */
export function Questions({ job }: QuestionsProps): ReactElement {
  const { t } = useTranslation();
  const client = useClient();
  const [chosen, setChosen] = useState<ReadonlyMap<number, string>>(new Map());
  const answer = useAction((_key: string, mapping: string) => client.request(AnswerImportDocument, { input: { importId: job.id, mapping } }));

  async function choose(question: number, mapping: string): Promise<void> {
    const answers = new Map(chosen).set(question, mapping);
    setChosen(answers);
    if (answers.size < job.questions.length) return;
    await answer.run([...answers.values()].reduce(mergeMappings, NO_ANSWERS));
  }

  return (
    <div className="questions">
      {job.questions.length > 1 ? <p className="quiet">{t('imports.questions', { count: job.questions.length })}</p> : null}
      {answer.error === null ? null : <ErrorNote error={answer.error} />}
      {job.questions.map((question, index) => (
        <QuestionPart
          key={index}
          question={question}
          chosen={chosen.get(index) ?? null}
          busy={answer.busy}
          onChoose={(mapping) => {
            void choose(index, mapping);
          }}
        />
      ))}
    </div>
  );
}

interface QuestionPartProps {
  readonly question: Question;
  /** The mapping of the chosen answer. */
  readonly chosen: string | null;
  readonly busy: boolean;
  readonly onChoose: (mapping: string) => void;
}

function QuestionPart({ question, chosen, busy, onChoose }: QuestionPartProps): ReactElement {
  const { t } = useTranslation();
  const id = useId();
  const { text, line, example, answers } = question;
  return (
    <div role="group" aria-labelledby={id} className="question">
      <h3 id={id}>{text}</h3>
      {example === '' ? null : (
        <p className="quiet">
          {line === 0 ? t('imports.example') : t('imports.exampleIn', { line })} <code>{example}</code>
        </p>
      )}
      <div className="answers">
        {answers.map((answer) => (
          <button
            key={answer.mapping}
            type="button"
            className="chip"
            aria-pressed={answer.mapping === chosen}
            aria-disabled={busy ? true : undefined}
            onClick={() => {
              if (!busy) onChoose(answer.mapping);
            }}
          >
            {answer.text}
          </button>
        ))}
      </div>
    </div>
  );
}
