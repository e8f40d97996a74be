// A certified OpenID Connect provider (npm: oidc-provider) for tests: whoever signs in has the roles that the login's
// name lists, separated by dots. Arguments: its port, and the address of the console.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(resolve("oidc-provider")).href);
const [port, console_] = process.argv.slice(2);
const audience = "https://api.example.com";
const roles = (name) => name.split(".").slice(1);

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: "console",
      client_secret: "a secret of the console",
      redirect_uris: [`${console_}/sign-in/callback`],
      post_logout_redirect_uris: [`${console_}/signed-out`],
    },
    {
      client_id: "robot.operator",
      client_secret: "a secret of the robot",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "roles"] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Name of ${id}`, roles: roles(id) }) }),
  extraTokenClaims: (_, token) => ({ roles: roles(token.clientId) }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: "", audience, accessTokenFormat: "jwt" }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
