# For a manifest of your own firmware build: include("PATH/manifest.py"), or, where this folder's
# name is thingscam, add_library("thingscam", "PATH") and require("thingscam").

metadata(  # noqa: F821 a manifest's own functions
    version="0.1.0",
    description="A camera board that can be trusted with its pictures",
    license="MIT",
)
package("thingscam", base_path="lib")  # noqa: F821
