import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type LinkProps = ButtonProps & Omit<ComponentPropsWithRef<'a'>, keyof ButtonProps>;

/** A button that leads to a page, with what that page is to show. */
export const LinkButton = createLink((props: LinkProps) => <Button component="a" {...props} />);
