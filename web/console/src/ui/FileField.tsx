import { useId, type ReactElement } from 'react';

export interface FileFieldProps {
  readonly label: string;
  /** Name of the chosen file, or a text that no file is chosen. */
  readonly name: string;
  readonly hint: string;
  readonly problem?: string | null;
  readonly accept: string;
  readonly onChoose: (file: File) => void;
}

/** A button that lets the user choose a file. The browser's own control would show its texts in the browser's language. */
export function FileField({ label, name, hint, problem = null, accept, onChoose }: FileFieldProps): ReactElement {
  const id = useId();
  return (
    <div className="field file">
      <div className="file-row">
        <input
          id={id}
          type="file"
          className="visually-hidden"
          accept={accept}
          aria-invalid={problem === null ? undefined : true}
          aria-describedby={`${id}-name ${id}-hint${problem === null ? '' : ` ${id}-problem`}`}
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen !== undefined) onChoose(chosen);
          }}
        />
        <label htmlFor={id} className="button button-plain button-normal">
          {label}
        </label>
        <span id={`${id}-name`} className="file-name">
          {name}
        </span>
      </div>
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      {problem === null ? null : (
        <p className="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
