# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
How hypothesis looks for examples: always the same ones, however slow the machine is.

HYPOTHESIS_PROFILE=searching looks for new ones, ten times as many.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW_IS_NO_FAILURE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=SLOW_IS_NO_FAILURE)
settings.register_profile("searching", deadline=None, max_examples=1000, suppress_health_check=SLOW_IS_NO_FAILURE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
