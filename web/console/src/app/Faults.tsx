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

/** Shows an error in place of a screen that failed or whose code could not be loaded, so that the rest of the page keeps working. */
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
