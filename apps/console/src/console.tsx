import { RouterProvider } from '@tanstack/react-router';
import { router } from './router';
import { SessionDialog } from './shell/session-dialog';

/** What a signed-in operator works in. */
export default function Console() {
  return (
    <>
      <RouterProvider router={router} />
      <SessionDialog />
    </>
  );
}
