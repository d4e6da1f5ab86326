// The npm package "fastdfs-client" against our servers, which know storages by ids.
import FdfsClient from "fastdfs-client";

import { describeNpmClient } from "./npm-client-cases.ts";

describeNpmClient("fastdfs-client", FdfsClient, "storage-id");
