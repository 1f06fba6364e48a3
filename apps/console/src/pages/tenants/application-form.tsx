import {
  ActionIcon,
  Button,
  Group,
  NativeSelect,
  Radio,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useReading } from '../../language';
import { Facts, Panel } from '../../parts/page';
import { CONTACT_ROLES, type Contact, type Draft, emptyContact } from './application-draft';
import { FORM_OF, halfWidth } from './application-faults';

interface FormProps {
  draft: Draft;
  onDraft: (draft: Draft) => void;
  /** What is wrong with a field, by the name it has in the request. */
  faultOf: (field: string) => string | undefined;
}

/** A line of text in the application, with what is wrong with it. */
function useLine({ draft, onDraft, faultOf }: FormProps) {
  const { t } = useReading();
  return (name: Exclude<keyof Draft, 'contacts' | 'kind'>, field: string = name, required = true) => ({
    label: t(`application.field_${name}`),
    value: draft[name],
    required,
    error: faultOf(field),
    onChange: (event: { currentTarget: { value: string } }) => onDraft({ ...draft, [name]: event.currentTarget.value }),
    ...(name in FORM_OF ? { onBlur: () => onDraft({ ...draft, [name]: FORM_OF[name]!(draft[name]) }) } : {}),
  });
}

export function OrganisationStep(form: FormProps) {
  const { t } = useReading();
  const line = useLine(form);
  const { draft, onDraft } = form;
  return (
    <Stack>
      <Radio.Group label={t('application.kind')} value={draft.kind} onChange={(kind) => onDraft({ ...draft, kind })}>
        <Group mt={6}>
          <Radio value="corporation" label={t('application.kind_corporation')} />
          <Radio value="other" label={t('application.kind_other')} />
        </Group>
      </Radio.Group>
      <TextInput {...line('legal_name')} maxLength={200} autoComplete="off" />
      <TextInput
        {...line('legal_name_kana')}
        description={t('application.legal_name_kana_hint')}
        maxLength={200}
        autoComplete="off"
      />
      {draft.kind === 'corporation' && (
        <TextInput
          {...line('corporate_number')}
          description={t('application.corporate_number_hint')}
          inputMode="numeric"
          maxLength={20}
          maw={280}
          autoComplete="off"
        />
      )}
      <TextInput {...line('address')} maxLength={300} autoComplete="off" />
    </Stack>
  );
}

export function ContactsStep({ draft, onDraft, faultOf }: FormProps) {
  const { t } = useReading();
  const change = (index: number, contact: Contact): void =>
    onDraft({ ...draft, contacts: draft.contacts.map((each, at) => (at === index ? contact : each)) });
  const general = faultOf('contacts');
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('application.contacts_hint')}
      </Text>
      {general !== undefined && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {general}
        </Text>
      )}
      {draft.contacts.map((contact, index) => (
        <fieldset key={index} className="panel" style={{ margin: 0, padding: 16 }}>
          <legend className="skip">{t('application.contact_number', { number: index + 1 })}</legend>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <NativeSelect
              label={t('application.contact_role')}
              value={contact.role}
              data={CONTACT_ROLES.map((role) => ({ value: role, label: t(`application.role_${role}`) }))}
              onChange={(event) => change(index, { ...contact, role: event.currentTarget.value as Contact['role'] })}
            />
            {(['name', 'email', 'phone'] as const).map((name) => (
              <TextInput
                key={name}
                label={t(`application.contact_${name}`)}
                required
                autoComplete="off"
                maxLength={name === 'email' ? 254 : 100}
                value={contact[name]}
                description={name === 'phone' ? t('application.phone_hint') : undefined}
                error={faultOf(`contacts.${index}.${name}`)}
                onChange={(event) => change(index, { ...contact, [name]: event.currentTarget.value })}
                onBlur={
                  name === 'name' ? undefined : () => change(index, { ...contact, [name]: halfWidth(contact[name]) })
                }
              />
            ))}
          </SimpleGrid>
          {draft.contacts.length > 1 && (
            <Group justify="flex-end" mt="xs">
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('application.remove_contact', { number: index + 1 })}
                onClick={() => onDraft({ ...draft, contacts: draft.contacts.filter((_, at) => at !== index) })}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          )}
        </fieldset>
      ))}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlus size={15} aria-hidden />}
          disabled={draft.contacts.length >= 10}
          onClick={() => onDraft({ ...draft, contacts: [...draft.contacts, emptyContact(nextRole(draft))] })}
        >
          {t('application.add_contact')}
        </Button>
      </div>
    </Stack>
  );
}

const nextRole = ({ contacts }: Draft): Contact['role'] =>
  CONTACT_ROLES.find((role) => !contacts.some((contact) => contact.role === role)) ?? 'technical';

export function ServiceStep(form: FormProps) {
  const { t } = useReading();
  const line = useLine(form);
  const volume = (name: 'signature_verifications_a_month' | 'authentications_a_month') =>
    line(name, `expected_volumes.${name}`);
  return (
    <Stack>
      <TextInput {...line('service_name')} maxLength={200} />
      <Textarea
        {...line('purpose_of_use')}
        description={t('application.purpose_of_use_hint')}
        autosize
        minRows={3}
        maxLength={1000}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          {...volume('signature_verifications_a_month')}
          description={t('application.digits_hint')}
          inputMode="numeric"
          maxLength={13}
        />
        <TextInput
          {...volume('authentications_a_month')}
          description={t('application.digits_hint')}
          inputMode="numeric"
          maxLength={13}
        />
      </SimpleGrid>
      <TextInput
        {...line('invoice_registration_number', 'invoice_registration_number', false)}
        description={t('application.invoice_registration_number_hint')}
        maxLength={20}
        maw={280}
      />
    </Stack>
  );
}

/** What was typed, for reading once more; also how an application is shown later. */
export function ApplicationFacts({ draft }: { draft: Draft }) {
  const { t, format } = useReading();
  const amount = (text: string): string => (Number.isNaN(Number(text)) ? text : format.number(Number(text)));
  const orNone = (text: string): string => (text === '' ? t('common.none') : text);
  return (
    <Stack>
      <Panel title={t('application.step_organisation')}>
        <Facts
          facts={[
            [t('application.kind'), t(`application.kind_${draft.kind}`)],
            [t('application.field_legal_name'), draft.legal_name],
            [t('application.field_legal_name_kana'), draft.legal_name_kana],
            [t('application.field_corporate_number'), orNone(draft.kind === 'other' ? '' : draft.corporate_number)],
            [t('application.field_address'), draft.address],
          ]}
        />
      </Panel>
      <Panel title={t('application.step_contacts')}>
        <Facts
          facts={draft.contacts.map(
            ({ role, name, email, phone }, index) =>
              [`${index + 1}. ${t(`application.role_${role}`)}`, `${name} · ${email} · ${phone}`] as const,
          )}
        />
      </Panel>
      <Panel title={t('application.step_service')}>
        <Facts
          facts={[
            [t('application.field_service_name'), draft.service_name],
            [
              t('application.field_purpose_of_use'),
              <span style={{ whiteSpace: 'pre-wrap' }}>{draft.purpose_of_use}</span>,
            ],
            [t('application.field_signature_verifications_a_month'), amount(draft.signature_verifications_a_month)],
            [t('application.field_authentications_a_month'), amount(draft.authentications_a_month)],
            [t('application.field_invoice_registration_number'), orNone(draft.invoice_registration_number)],
          ]}
        />
      </Panel>
    </Stack>
  );
}
