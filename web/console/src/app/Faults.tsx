import { Component, type ReactElement, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../ui/Button.js';
import { Icon } from '../ui/Icon.js';

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly failed: boolean;
}

/** Keeps a fault of one screen, or code that could not be loaded, from taking the whole page with it. */
export class Faults extends Component<Props, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed(): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="note note-error" role="alert">
      <Icon name="alert" />
      <p>{t('error.page')}</p>
      <Button
        size="small"
        onClick={() => {
          window.location.reload();
        }}
      >
        {t('error.reload')}
      </Button>
    </div>
  );
}
