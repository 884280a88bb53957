import type { ReactElement, ReactNode } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { useTranslation } from 'react-i18next';
import { useSettings } from '../app/settings.js';
import { IconButton } from './Button.js';
import './dialog.css';

export interface DialogProps {
  readonly title: ReactNode;
  readonly size?: 'small' | 'normal' | 'wide' | 'drawer';
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
}

/** A window above the page, or a drawer at its edge. It keeps the focus until it is closed. */
export function Dialog({ title, size = 'normal', onClose, children, footer }: DialogProps): ReactElement {
  const { t } = useTranslation();
  const { language } = useSettings();
  const overlay = (
    <ModalOverlay
      className={`overlay overlay-${size}`}
      isOpen
      isDismissable={size === 'drawer'}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={`modal modal-${size}`}>
        <AriaDialog className="dialog">
          <header className="dialog-head">
            <Heading slot="title" className="dialog-title">
              {title}
            </Heading>
            <IconButton icon="close" label={t('common.close')} onClick={onClose} />
          </header>
          <div className="dialog-body">{children}</div>
          {footer === undefined ? null : <footer className="dialog-foot">{footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
  // React Aria has a few texts of its own; show them in the page's language, not in the browser's
  return <I18nProvider locale={language}>{overlay}</I18nProvider>;
}
