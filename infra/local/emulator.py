"""MiniStack with the features that this template needs and MiniStack lacks: `stack.py` starts it through this file.

Each addition is a module beside this one with a function `install()`, listed in docs/EMULATOR.md.
"""

import functools

import botocore.session
import yaml

# One session: MiniStack asks for a new one for each service, and a session takes longer to make than to use.
botocore.session.get_session = functools.cache(botocore.session.get_session)

# libyaml's loader, for the templates: each is parsed several times. Modules take the loader when they are imported.
yaml.SafeLoader = yaml.CSafeLoader

import keys  # noqa: E402
import recorder  # noqa: E402
import versions  # noqa: E402
from ministack.app import main  # noqa: E402

if __name__ == "__main__":
    recorder.install()
    keys.install()
    versions.install()
    main()
