// The npm package "fastdfs-client": a fork of "fdfs" with the same calls.
declare module "fastdfs-client" {
  export { default } from "fdfs";
}
