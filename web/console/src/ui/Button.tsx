import type { ComponentProps, ReactElement, ReactNode } from 'react';
import { Icon, type IconName } from './Icon.js';

export type Tone = 'plain' | 'primary' | 'open' | 'close' | 'quiet';

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'type' | 'className'> {
  readonly tone?: Tone;
  readonly icon?: IconName;
  readonly size?: 'small' | 'normal' | 'large';
  readonly submit?: boolean;
  /** Shows that the action is in progress. The button ignores further clicks but keeps the focus. */
  readonly busy?: boolean;
  readonly wide?: boolean;
  readonly children?: ReactNode;
}

export function Button(props: ButtonProps): ReactElement {
  const { tone = 'plain', icon, size = 'normal', submit = false, busy = false, wide = false, children, onClick, ...rest } = props;
  const classes = ['button', `button-${tone}`, `button-${size}`, wide ? 'button-wide' : ''].filter((name) => name !== '');
  return (
    <button
      {...rest}
      type={submit ? 'submit' : 'button'}
      className={classes.join(' ')}
      aria-disabled={busy ? true : undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children === undefined ? null : <span>{children}</span>}
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'type' | 'className' | 'children'> {
  readonly icon: IconName;
  readonly label: string;
}

/** A button without a visible text: its label is read aloud and shown as a tooltip. */
export function IconButton({ icon, label, ...rest }: IconButtonProps): ReactElement {
  return (
    <button {...rest} type="button" className="icon-button" aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}
