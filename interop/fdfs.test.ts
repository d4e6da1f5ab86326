// The npm package "fdfs" against our servers, which know storages by their address.
import FdfsClient from "fdfs";

import { describeNpmClient } from "./npm-client-cases.ts";

describeNpmClient("fdfs", FdfsClient, "address");
