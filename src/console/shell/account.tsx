import { Button, Menu, Text, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import {
  IconBuilding,
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { chooseTenant, signOut, useSession } from "../api/session.ts";

const SCHEMES: { scheme: MantineColorScheme; text: string; Icon: typeof IconSun }[] = [
  { scheme: "light", text: "Light", Icon: IconSun },
  { scheme: "dark", text: "Dark", Icon: IconMoon },
  { scheme: "auto", text: "As the system", Icon: IconDeviceDesktop },
];

/** Who is signed in, light or dark, and the way out. */
export function Account() {
  const { user, role, tenant, tenants } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          leftSection={<IconUserCircle size={20} />}
          aria-label="Your account"
        >
          <Text size="sm" maw={180} truncate visibleFrom="sm">
            {user}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user}: {role} of {tenant}
        </Menu.Label>
        {tenants
          .filter((other) => other.tenant !== tenant)
          .map(({ tenant: other }) => (
            <Menu.Item
              key={other}
              leftSection={<IconBuilding size={16} />}
              onClick={() => void chooseTenant(other)}
            >
              Go to {other}
            </Menu.Item>
          ))}
        <Menu.Divider />
        {SCHEMES.map(({ scheme, text, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={16} />}
            onClick={() => setColorScheme(scheme)}
            aria-current={colorScheme === scheme}
            {...(colorScheme === scheme ? { fw: 600 } : {})}
          >
            {text}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
