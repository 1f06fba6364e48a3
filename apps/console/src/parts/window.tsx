import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useReading } from '../language';

/** A window over the page, open while it is there. When it goes, the keyboard is where it was before. */
export function Window(props: Omit<ModalProps, 'opened' | 'closeButtonProps'>) {
  const { t } = useReading();
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    },
    [before],
  );
  return <Modal opened closeButtonProps={{ 'aria-label': t('common.close') }} {...props} />;
}
